import {
  mdiAccount,
  mdiBell,
  mdiCar,
  mdiMotionSensor,
  mdiPaw,
  mdiRecordRec,
  mdiShapeOutline,
  mdiVectorLine,
} from "@mdi/js";
import type { EventClass } from "../api/types";

export const EVENT_ICONS: Readonly<Record<EventClass, string>> = {
  motion: mdiMotionSensor,
  person: mdiAccount,
  vehicle: mdiCar,
  animal: mdiPaw,
  doorbell: mdiBell,
  line: mdiVectorLine,
  recording: mdiRecordRec,
  other: mdiShapeOutline,
};

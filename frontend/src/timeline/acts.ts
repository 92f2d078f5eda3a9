/** What may be done with a stretch of the time line, and by whom; the server decides in the end. */

import type { Camera, Key } from "../api/types";
import type { Range } from "./selection";

export type RangeAct = "export" | "protect" | "fetch" | "share" | "delete";

/** A stretch of some cameras that something is done with. */
export interface Subject extends Range {
  readonly cameras: readonly Key[];
}

type Rights = Pick<Camera, "may_control" | "has_recordings" | "is_former">;

/** Return whether the device of a camera can be asked for footage. */
export function hasDevice(camera: Rights | undefined): boolean {
  return camera !== undefined && camera.has_recordings && !camera.is_former;
}

/** Return whether it may be done with all of these cameras. */
export function mayDo(act: RangeAct, cameras: readonly (Rights | undefined)[], isAdmin: boolean): boolean {
  const mayControl = cameras.length > 0 && cameras.every((camera) => camera?.may_control);
  switch (act) {
    case "share":
      return cameras.length > 0;
    case "export":
    case "protect":
      return mayControl;
    case "fetch":
      return mayControl && cameras.some(hasDevice);
    case "delete":
      return isAdmin;
  }
}

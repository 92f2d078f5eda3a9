/** An opened range of one camera; docs/playback.md. */
export interface Playback {
  token: string;
  url: string;
  h264_url: string;
  map_url: string;
  from: number;
  to: number;
  codecs: string[];
  formats: { codecs: string; width: number; height: number }[];
  first: number | null;
  last: number | null;
  growing: boolean;
  expires_in: number;
}

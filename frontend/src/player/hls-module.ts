/** hls.js as a module of its own, loaded when somebody plays (see load-hls.ts). */
import Hls from "hls.js/light";

export default Hls;

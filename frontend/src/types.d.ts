declare module "hls.js/light" {
  export * from "hls.js";
  export { default } from "hls.js";
}

declare module "*.css?inline" {
  const text: string;
  export default text;
}

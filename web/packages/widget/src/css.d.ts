/** A style sheet comes in as its minified text. */
declare module "*.css" {
  const text: string;
  export default text;
}

/** esbuild takes the style along; for the types an import of it is nothing. */
declare module "*.css";

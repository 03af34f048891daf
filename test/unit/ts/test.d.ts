/* The module under test: run.mjs gives it this name. */
declare module "test" {}

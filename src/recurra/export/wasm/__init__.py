"""Exported C as WebAssembly, with a module of ECMAScript over it and a page to try it by hand."""

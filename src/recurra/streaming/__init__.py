"""Live sessions over the compiled engine: this package never imports torch and does no I/O."""

"""Where mail and letters come from: one file per kind, `kind` in the configuration is the module name."""

"""The command line, a module for each family of commands: options in, one call, text out."""

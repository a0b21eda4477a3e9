"""The command line `tilewright`: a module a command; `app` has them all."""

"""The suite as tests of pytest: every case is one."""

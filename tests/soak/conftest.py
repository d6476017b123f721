"""The fuzzer's own program is started by its test, and needs what only `make soak` installs."""

collect_ignore = ["fuzz_mail.py"]

"""The words that every package speaks: values, errors, configuration, tables. Imports nothing of ours."""

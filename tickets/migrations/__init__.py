"""The history of the schema, one revision for both databases. Alembic is imported here and nowhere else."""

"""Those who are raced against, one file for each."""

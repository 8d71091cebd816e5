"""What people come with: one folder for each task."""

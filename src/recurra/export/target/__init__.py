"""What a net can be exported to; one file each."""

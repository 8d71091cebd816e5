"""Trained runs as a service: answers over HTTP, live sessions over WebSocket. Needs the extra `serve`."""

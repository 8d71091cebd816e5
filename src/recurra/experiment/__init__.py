"""The core of every task: what a task is, and the verbs over it. It imports no task."""

"""The pages beside the official register: where they differ, and what it says of one agreement."""

"""Where pages come from that were saved before: files, folders, archives, Wayback lists."""

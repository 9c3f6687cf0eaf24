"""How each sort of field is compared: folded first, then asked what the difference means."""

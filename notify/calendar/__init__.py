"""Printed ends as calendars."""

"""What a candidate predicts, judged: by what serves now, and by the user's own functions."""

"""The Rocq backend: sentences and terms, elaboration, warm sessions, lint and audit."""

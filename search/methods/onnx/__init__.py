"""Image encoders in ONNX files, looked at before anything runs them: what they hold, ask for, and want of pixels."""

"""Decoding of uploaded bytes: the only code that opens them, in a child process with limits."""

from gallery.decoding.contract import Inspection, Limits, Refused
from gallery.decoding.decoder import Decoder
from gallery.decoding.shared import close_decoders, get_decoder, get_decoders

__all__ = ["Decoder", "Inspection", "Limits", "Refused", "close_decoders", "get_decoder", "get_decoders"]

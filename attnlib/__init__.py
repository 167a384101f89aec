"""Attention, hands on: the small library that the chapters import."""

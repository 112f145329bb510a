"""Identification: what the answer rests on, before and after sampling."""

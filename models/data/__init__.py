"""Readers of recordings and face tracks, and what is made from them."""

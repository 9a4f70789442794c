"""From vectors to raw scores, rarities and one fused score."""

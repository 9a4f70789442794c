"""Networks whose weights come inside ordinary packages: read without their framework, written once for LiteRT."""

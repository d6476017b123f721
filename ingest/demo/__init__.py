"""The made-up mail and letters of the demonstration, and the server they lie on."""

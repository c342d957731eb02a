"""What the book is built, run and checked with. No part of the library."""

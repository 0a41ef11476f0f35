// Tests of Supernet.

package io.keyval.wal;

/** Takes records and forgets them. */
enum Discard implements LogScanner.Visitor {
    INSTANCE;

    @Override
    public void put(byte[] key, byte[] value) {}

    @Override
    public void put(byte[] bytes, int key, int keyLength, int value, int valueLength) {}

    @Override
    public void delete(byte[] key) {}
}

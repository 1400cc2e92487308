namespace PtaKernels.Gpu;

/// <summary>How a distance is stored: in which type, and from where on it does not fit.</summary>
/// <typeparam name="T">Type of a cost.</typeparam>
internal interface ICostWidth<T>
    where T : unmanaged
{
    /// <summary>Largest distance that is stored as it is.</summary>
    static abstract int Most { get; }

    /// <summary>The distance, or the type's largest value for one that does not fit.</summary>
    static abstract T Of(int distance);
}

/// <summary>u8: up to 254.</summary>
internal readonly struct ByteWidth : ICostWidth<byte>
{
    /// <inheritdoc/>
    public static int Most => 254;

    /// <inheritdoc/>
    public static byte Of(int distance) => (byte)(distance > 254 ? 255 : distance);
}

/// <summary>u16: up to 65,534.</summary>
internal readonly struct WordWidth : ICostWidth<ushort>
{
    /// <inheritdoc/>
    public static int Most => 65_534;

    /// <inheritdoc/>
    public static ushort Of(int distance) => (ushort)(distance > 65_534 ? 65_535 : distance);
}

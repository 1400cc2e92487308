namespace PtaKernels.Corpus.Stores;

/// <summary>Where a fused row came from, in a byte: the rule in the low four bits, the source in the high ones, 15 where there is none.</summary>
internal static class Provenance
{
    /// <summary>Most sources that a byte can tell apart.</summary>
    public const int MaxSources = 15;

    private const int None = 15;

    /// <summary>The byte of a row.</summary>
    public static byte Of(in RowProvenance row) => (byte)((int)row.Rule | ((row.Source < 0 ? None : row.Source) << 4));

    /// <summary>The rule and the source (-1: none) of a byte.</summary>
    /// <exception cref="InvalidDataException">There is no such rule.</exception>
    public static (RowRule Rule, int Source) Read(byte value) =>
        Enum.IsDefined((RowRule)(value & 15)) ? ((RowRule)(value & 15), value >> 4 == None ? -1 : value >> 4) : throw new InvalidDataException($"provenance {value} has no rule");
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PtaKernels;

/// <summary>The tokens of two vocabularies as vectors of one space, which candidate costs <c>embedding</c> and <c>hybrid</c> compare. Immutable.</summary>
/// <remarks>
/// A vector is a unit vector times <see cref="Length"/>, rounded to whole numbers: a dot product is then the same on every processor, in any order of summation,
/// and a cosine distance is known to about 0.005. A token without a vector (special, a hole, an id that the model has no row for) is all zeros.
/// </remarks>
public sealed class TokenEmbeddings
{
    /// <summary>Length of a vector before rounding.</summary>
    public const int Length = 128;

    /// <summary>Dimensions come in blocks of so many; what a space has less is zero.</summary>
    public const int Block = 64;

    /// <summary>Most dimensions: sums stay far inside 32 bits.</summary>
    public const int MaxDimensions = 4096;

    /// <summary>Distances are counted in hundredths: 0 for the same direction, 100 for a right angle, 200 for opposite ones.</summary>
    public const int Unit = 100;

    /// <summary>The entry of a pair of which one token has no vector.</summary>
    public const byte NoVector = 255;

    private readonly sbyte[] _source;
    private readonly sbyte[] _target;
    private readonly bool[] _sourceKnown;
    private readonly bool[] _targetKnown;
    private readonly Lazy<string> _fingerprint;

    /// <summary>Takes ownership of the tables.</summary>
    /// <param name="dimensions">Numbers per vector, a multiple of <see cref="Block"/> up to <see cref="MaxDimensions"/>.</param>
    /// <param name="source">[source tokens, dimensions], each -127..127.</param>
    /// <param name="target">[target tokens, dimensions].</param>
    /// <exception cref="ArgumentException">The dimensions are none, or the tables are not whole rows.</exception>
    public TokenEmbeddings(int dimensions, sbyte[] source, sbyte[] target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (dimensions is < Block or > MaxDimensions || dimensions % Block != 0)
            throw new ArgumentException($"{dimensions} dimensions; embeddings have a multiple of {Block}, up to {MaxDimensions}.", nameof(dimensions));
        if (source.Length % dimensions != 0 || target.Length % dimensions != 0)
            throw new ArgumentException($"tables of {source.Length} and {target.Length} numbers are not whole rows of {dimensions}.");
        Dimensions = dimensions;
        (_source, _target) = (source, target);
        (_sourceKnown, _targetKnown) = (Known(source, dimensions), Known(target, dimensions));
        _fingerprint = new Lazy<string>(ComputeFingerprint);
    }

    /// <summary>Numbers per vector.</summary>
    public int Dimensions { get; }

    /// <summary>Sixteen hexadecimal digits of a SHA-256 over the dimensions and both tables: equal exactly when two spaces give the same costs.</summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>[source tokens, dimensions].</summary>
    public ReadOnlySpan<sbyte> Source => _source;

    /// <summary>[target tokens, dimensions].</summary>
    public ReadOnlySpan<sbyte> Target => _target;

    /// <summary>[source tokens] whether a token has a vector.</summary>
    public ReadOnlySpan<bool> SourceKnown => _sourceKnown;

    /// <summary>[target tokens] whether a token has a vector.</summary>
    public ReadOnlySpan<bool> TargetKnown => _targetKnown;

    /// <summary>The vector of a source token.</summary>
    public ReadOnlySpan<sbyte> OfSource(int token) => _source.AsSpan(token * Dimensions, Dimensions);

    /// <summary>The vector of a target token.</summary>
    public ReadOnlySpan<sbyte> OfTarget(int token) => _target.AsSpan(token * Dimensions, Dimensions);

    /// <summary>Cosine distance in hundredths of two vectors with a dot product: (1 - dot / <see cref="Length"/>²) · 100, rounded half up, 0..200.</summary>
    /// <remarks>A product outside ±<see cref="Length"/>², which rounding or vectors that are no unit vectors give, counts as that bound.</remarks>
    // GPU kernels are compiled from this too; Math.Clamp throws, which they cannot.
    public static byte DistanceOf(int dot) => (byte)(((Unit * ((Length * Length) - Math.Max(-(Length * Length), Math.Min(Length * Length, dot)))) + (Length * Length / 2)) >> 14);

    /// <summary>Throws unless a vocabulary has as many tokens as a table.</summary>
    /// <exception cref="ArgumentException">Another number.</exception>
    public void RequireFor(TokenVocabulary source, TokenVocabulary target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (_sourceKnown.Length != source.Count || _targetKnown.Length != target.Count)
        {
            throw new ArgumentException(
                $"the embeddings are of {_sourceKnown.Length} source and {_targetKnown.Length} target tokens, vocabularies {source.Name} and {target.Name} have {source.Count} and {target.Count}; make them for these with `pta embed`.");
        }
    }

    private string ComputeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> sizes = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(sizes, Dimensions);
        BinaryPrimitives.WriteInt32LittleEndian(sizes[4..], _source.Length);
        BinaryPrimitives.WriteInt32LittleEndian(sizes[8..], _target.Length);
        hash.AppendData(sizes);
        hash.AppendData(MemoryMarshal.AsBytes<sbyte>(_source));
        hash.AppendData(MemoryMarshal.AsBytes<sbyte>(_target));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static bool[] Known(sbyte[] table, int dimensions)
    {
        bool[] known = new bool[table.Length / dimensions];
        for (int t = 0; t < known.Length; t++)
            known[t] = table.AsSpan(t * dimensions, dimensions).ContainsAnyExcept((sbyte)0);
        return known;
    }
}

namespace PtaKernels;

/// <summary>The target tokens that begin some bytes x (SPEC A3.3, projection <c>byte</c>), in a form whose size does not grow with their number.</summary>
/// <remarks>
/// They are: the first token of x; tokens longer than it that x starts with (<see cref="Inside"/>); and tokens longer than it that start with x, which stand
/// together where tokens are sorted by their bytes (<see cref="Start"/> to <see cref="End"/>). The last kind can be thousands, but a row only needs their number
/// by length and the heaviest of them: two such ranges lie inside one another or apart, and of tokens in the same ranges a longer one never has more mass.
/// </remarks>
public sealed class ByteFit
{
    /// <summary>Most tokens of <see cref="Shortest"/> and of <see cref="Lowest"/>: a fused row has no more.</summary>
    internal const int MostNamed = TopKLogits.MaxK;

    /// <summary>What fits nothing.</summary>
    internal static ByteFit Nothing { get; } = new() { Id = -1 };

    /// <summary>Place in <see cref="ByteFits.From"/>(0); -1 for what fits nothing.</summary>
    public int Id { get; init; }

    /// <summary>The first token, -1 if nothing fits.</summary>
    public int First { get; init; } = -1;

    /// <summary>Bytes of the first token.</summary>
    public int FirstLength { get; init; }

    /// <summary>Bytes of x.</summary>
    public int Length { get; init; }

    /// <summary>Tokens longer than the first that x starts with and that are shorter than x: by length, then id.</summary>
    public IReadOnlyList<int> Inside { get; init; } = [];

    /// <summary>First place among the sorted tokens (<see cref="ByteFits.Places"/>) whose token starts with x.</summary>
    public int Start { get; init; }

    /// <summary>Place behind the last one.</summary>
    public int End { get; init; }

    /// <summary>Of the range's tokens that are longer than the first token, the shortest <see cref="MostNamed"/>: by length, then id.</summary>
    public IReadOnlyList<int> Shortest { get; init; } = [];

    /// <summary>Of the same tokens the lowest <see cref="MostNamed"/> by id, which is what counts where length does not.</summary>
    public IReadOnlyList<int> Lowest { get; init; } = [];

    /// <summary>[extra] how many tokens of the range, of those longer than the first token, are longer than x by <c>extra</c> bytes.</summary>
    public IReadOnlyList<int> CountByExtra { get; init; } = [];

    /// <summary>Number of tokens that fit.</summary>
    public int Count { get; init; }

    /// <summary>Sum of the discounts of all tokens that fit: the first, those inside, the range by length.</summary>
    /// <param name="discounts">[extra bytes] factor of a token's share, 1 at 0.</param>
    public double SumOf(ReadOnlySpan<double> discounts)
    {
        if (First < 0)
            return 0;
        double sum = discounts[Math.Max(0, FirstLength - Length)] + Inside.Count;
        for (int extra = 0; extra < CountByExtra.Count; extra++)
            sum += CountByExtra[extra] * discounts[extra];
        return sum;
    }

    /// <summary>The range's heaviest tokens under a byte tail, as far as a fused row can have any use for them.</summary>
    /// <param name="byteTail">Bits per byte.</param>
    public IReadOnlyList<int> Heaviest(double byteTail) => byteTail > 0 ? Shortest : Lowest;

    /// <summary>Whether a token fits.</summary>
    /// <param name="token">Its id.</param>
    /// <param name="place">Its place (<see cref="ByteFits.Places"/>), or -1.</param>
    /// <param name="length">Its bytes.</param>
    public bool Takes(int token, int place, int length)
    {
        if (token == First)
            return true;
        if (length <= FirstLength || place < 0)
            return false;
        if (place >= Start && place < End)
            return true;
        for (int i = 0; i < Inside.Count; i++)
        {
            if (Inside[i] == token)
                return true;
        }

        return false;
    }
}

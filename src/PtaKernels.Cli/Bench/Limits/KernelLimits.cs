using PtaKernels.Native;

namespace PtaKernels.Cli.Bench;

/// <summary>How fast each kernel of the native backend could be at most on this machine: the instructions of its inner loop over the peaks of the processor.</summary>
/// <remarks>
/// Counts are those of one vector, taken from <c>native/kernels</c>; what prepares, loads, branches or cleans up is left out, and so is all waiting. A kernel never
/// does less than its count, so no rate is above its limit, and the distance between both is what its loads, its chains and its bookkeeping cost.
/// </remarks>
/// <param name="peaks">What the machine can do.</param>
internal sealed class KernelLimits(MachinePeaks peaks)
{
    /// <summary>Columns that share prefixes with one another (<c>kChunkColumns</c>).</summary>
    private const int ChunkColumns = 2048;

    /// <summary>Patterns of at most so many symbols have lanes of as many bits.</summary>
    private static readonly int[] LaneBits = [8, 16, 32, 64];

    /// <summary>Lanes of float64.</summary>
    private int Doubles => peaks.VectorBytes / sizeof(double);

    /// <summary>One symbol of Myers' recurrence for one vector of patterns (<c>myers_step</c>): three additions and seven three-way logic instructions, ten two-way ones before AVX-512.</summary>
    private LeastWork EditSymbol => new() { Simple = peaks.VectorBytes == 64 ? 10 : 13 };

    /// <summary>The end of a column for one vector of patterns (<c>walk</c>): two masks, two population counts, two sums.</summary>
    private static LeastWork EditColumn => new() { Simple = 6 };

    /// <summary>One step of a strip on 16-bit sums, two vectors (<c>step</c>, <c>skew</c>): four minima, four comparisons for the directions, two saturating additions, two instructions that
    /// take costs out of their bytes, one move of lanes, and four blends that bring a row of costs into wavefront order.</summary>
    private static LeastWork PathStep => new() { Simple = 10, Compares = 4, SaturatingAdds = 2, Shuffles = 1 };

    /// <summary>The limits of a backend.</summary>
    /// <returns>Null for other backends than the native one, and where peaks cannot be measured.</returns>
    public static KernelLimits? Of(IKernelBackend backend) => backend is NativeBackend && MachinePeaks.Of(backend.Isa) is { } peaks ? new KernelLimits(peaks) : null;

    /// <summary>Distances between all pairs of tokens.</summary>
    /// <param name="source">Tape of the patterns.</param>
    /// <param name="rows">Tokens on it.</param>
    /// <param name="target">Tape of the texts.</param>
    /// <param name="columns">Tokens on it.</param>
    /// <param name="pastCaches">Whether the result is too large for the caches: a byte a pair goes to memory.</param>
    public RateLimit EditAllPairs(TokenTape source, ReadOnlySpan<int> rows, TokenTape target, ReadOnlySpan<int> columns, bool pastCaches)
    {
        double pairs = (double)rows.Length * columns.Length, symbols = DistinctPrefixes(target, columns);
        LeastWork work = EditTable(source, rows, columns.Length, symbols) with { BytesWritten = pastCaches ? pairs : 0 };
        return work.Limit(peaks, pairs, FormattableString.Invariant($"{EditSymbol.Simple} instructions per symbol and vector of patterns, {symbols / columns.Length:F2} symbols a column after shared prefixes"));
    }

    /// <summary>Alignment paths: the steps that the strips need.</summary>
    /// <param name="strips">Of each problem, for strips as wide as <see cref="StripWidth"/>.</param>
    /// <param name="units">Units of all of them.</param>
    public RateLimit Paths(IReadOnlyCollection<PathStrips> strips, double units)
    {
        long steps = strips.Sum(static s => s.Steps), all = strips.Sum(static s => s.TableSteps);
        return PathWork(strips).Limit(peaks, units, FormattableString.Invariant($"17 instructions a step of {StripWidth} cells, {100.0 * steps / all:F0} % as many steps as the table has"));
    }

    /// <summary>Columns of a strip.</summary>
    public int StripWidth => peaks.VectorBytes;

    /// <summary>The published loop (<c>official.inl.h</c>).</summary>
    /// <param name="problems">Problems.</param>
    /// <param name="iterations">Iterations of all of them.</param>
    /// <param name="n">Rows of each.</param>
    /// <param name="m">Columns.</param>
    public RateLimit Official(long problems, long iterations, int n, int m) => OfficialWork(problems, iterations, n, m).Limit(
        peaks, problems, FormattableString.Invariant($"{3 * n * m} multiplications, {(2 * n * m) - m} additions, {n + m} divisions an iteration of {Doubles} problems, {iterations / (double)problems:F1} iterations"));

    /// <summary>Balanced transport by Newton's method (<c>balanced_newton.inl.h</c>).</summary>
    /// <inheritdoc cref="Official"/>
    public RateLimit Balanced(long problems, long iterations, int n, int m) => BalancedWork(iterations, n, m).Limit(
        peaks, problems, FormattableString.Invariant($"{BalancedWork(Doubles, n, m).Multiplies:F0} multiplications an iteration of {Doubles} problems, {iterations / (double)problems:F1} iterations"));

    /// <summary>The closed form (<c>semi_relaxed.inl.h</c>): for each cell a cost and a table's entry are loaded one by one; a row has one division.</summary>
    /// <param name="n">Rows of each problem.</param>
    /// <param name="m">Columns.</param>
    public RateLimit SemiRelaxed(int n, int m)
    {
        double vectors = n * Math.Ceiling((double)m / Doubles);
        var work = new LeastWork { ScalarLoads = 2.0 * n * m, Multiplies = vectors, Adds = 2 * vectors, Divides = (double)n / Doubles };
        return work.Limit(peaks, 1, FormattableString.Invariant($"{2 * n * m} loads of single values a problem"));
    }

    /// <summary>Nearest tokens (<c>nearest.inl.h</c>): every query further than one edit from all tokens meets each token that its final distance does not rule out by length or by missing symbols.
    /// Estimated from evenly spaced queries.</summary>
    /// <param name="source">Tape of the queries.</param>
    /// <param name="queries">Tokens on it.</param>
    /// <param name="target">Tape of the tokens.</param>
    /// <param name="distance">[queries] distances found.</param>
    public RateLimit? Nearest(TokenTape source, ReadOnlySpan<int> queries, TokenTape target, ReadOnlySpan<int> distance)
    {
        double vectors = NearestVisits.VectorSymbols(source, queries, target, distance, peaks.VectorBytes);
        return vectors == 0 ? null : (vectors * EditSymbol).Limit(peaks, queries.Length, FormattableString.Invariant($"{EditSymbol.Simple * vectors / queries.Length:F0} instructions a query"));
    }

    /// <summary>Work whose bytes must pass between memory and processor.</summary>
    /// <param name="read">Bytes read for a unit.</param>
    /// <param name="written">Bytes written for a unit.</param>
    public RateLimit Bytes(double read, double written) =>
        new LeastWork { BytesRead = read, BytesWritten = written }.Limit(peaks, 1, FormattableString.Invariant($"{read:F0} bytes read and {written:F0} written a unit"));

    /// <summary>Matrix products in float32.</summary>
    /// <param name="products">Products of single numbers for a unit.</param>
    /// <param name="count">Where the count comes from.</param>
    public RateLimit Single(double products, string count) => new LeastWork { SingleFmas = products * sizeof(float) / peaks.VectorBytes }.Limit(peaks, 1, count);

    /// <summary>Documents paired by dynamic time warping and transported: token costs, paths and transports one after the other. Candidate lists, their costs and the fused rows are left out.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="options">How each is aligned.</param>
    /// <param name="backend">Aligns them once more, for the number of iterations.</param>
    /// <returns>Null for other pairings and transports, of which too little is counted, and where costs take more than a byte.</returns>
    public RateLimit? Documents(IReadOnlyCollection<BenchDocument> documents, Func<BenchDocument, AlignmentOptions> options, IKernelBackend backend)
    {
        double paths = 0, tables = 0, transports = 0;
        foreach (BenchDocument document in documents)
        {
            AlignmentOptions how = options(document);
            if (how.Pairing is not (PairingRule.DtwStrings or PairingRule.DtwTexts) || how.Transport is not (TransportKind.Official or TransportKind.Balanced))
                return null;
            VocabularyPair pair = document.Vocabularies;
            (TokenTape source, TokenTape target) = how.Pairing == PairingRule.DtwStrings ? (pair.Official.SourceStripped, pair.Official.TargetStripped) : (pair.Source.Texts, pair.Target.Texts);
            if (DocumentCosts.Of(document.Pair, source, target) is not { } costs)
                return null;
            tables += EditTable(source, costs.Rows, costs.Columns.Length, DistinctPrefixes(target, costs.Columns)).On(peaks).Seconds;
            paths += PathWork([costs.Strips(StripWidth)]).On(peaks).Seconds;
            transports += Transports(document, how, backend);
        }

        double all = tables + paths + transports;
        return new RateLimit(
            FormattableString.Invariant($"token costs {tables / all:P0}, paths {paths / all:P0}, transports {transports / all:P0}; candidates and rows not counted"), documents.Sum(static d => (double)d.Pair.Target.Length) / all);
    }

    /// <summary>Seconds of a document's transports. Its problems are windows of ten by ten; the few smaller ones cost less, and are not counted as problems.</summary>
    private double Transports(BenchDocument document, in AlignmentOptions options, IKernelBackend backend)
    {
        const int N = TransportCases.N;
        var report = new AlignmentReport();
        backend.AlignBatch([document.Pair], document.Vocabularies, options, new AlignedDocument[1], report);
        return (options.Transport == TransportKind.Official ? OfficialWork(0, report.Iterations, N, N) : BalancedWork(report.Iterations, N, N)).On(peaks).Seconds;
    }

    /// <summary>The steps; a difference and a minimum for each of the four looks at costs for bounds, and four interleavings that turn the table.</summary>
    private LeastWork PathWork(IReadOnlyCollection<PathStrips> strips)
    {
        double bounded = strips.Sum(static s => (double)s.Bounded) / peaks.VectorBytes;
        return (strips.Sum(static s => (double)s.Steps) * PathStep) + new LeastWork { Simple = 8 * bounded, Shuffles = 4 * bounded };
    }

    /// <summary>Cells of a step of each row and column, both scalings; a lane that stops waits for the others' second half.</summary>
    private LeastWork OfficialWork(long problems, long iterations, int n, int m) => ((double)(iterations + problems) / Doubles) * new LeastWork
    {
        Multiplies = 3.0 * n * m,
        Adds = (n * (m - 1.0)) + ((n - 1.0) * m) + n,
        Divides = n + m,
        Simple = 3.0 * n, // change, magnitude, floor
    };

    /// <summary>Evaluation: five multiplications and three additions a cell. Elimination row by row: the weights, what earlier nodes pass on, three further columns, the shares; then two back substitutions.</summary>
    private LeastWork BalancedWork(double iterations, int n, int m)
    {
        double multiplies = 5.0 * n * m, adds = 3.0 * n * m;
        for (int j = 0; j < m - 1; j++)
        {
            int later = m - 1 - j;
            multiplies += n + ((double)n * later) + ((double)j * later) + (3 * j) + later + 2 + (2.0 * (later - 1));
            adds += later;
        }

        return (iterations / Doubles) * new LeastWork { Multiplies = multiplies, Adds = adds, Divides = n + m - 1 };
    }

    private LeastWork EditTable(TokenTape tape, ReadOnlySpan<int> rows, int columns, double symbols)
    {
        int[] patterns = new int[LaneBits.Length];
        foreach (int row in rows)
        {
            int length = tape[row].Length, group = Array.FindIndex(LaneBits, bits => length <= bits);
            patterns[group < 0 ? LaneBits.Length - 1 : group]++;
        }

        LeastWork work = default;
        for (int g = 0; g < patterns.Length; g++)
        {
            double vectors = (double)patterns[g] * LaneBits[g] / 8 / peaks.VectorBytes;
            work += (vectors * symbols * EditSymbol) + (vectors * columns * EditColumn);
        }

        // Bytes by column become bytes by row: four interleavings of each vector.
        return work with { Shuffles = 4.0 * rows.Length * columns / peaks.VectorBytes };
    }

    /// <summary>Symbols that columns do not share with the column before in the order of their texts, in chunks.</summary>
    private static double DistinctPrefixes(TokenTape tape, ReadOnlySpan<int> columns)
    {
        double symbols = 0;
        for (int first = 0; first < columns.Length; first += ChunkColumns)
        {
            int[][] texts = [.. columns[first..Math.Min(columns.Length, first + ChunkColumns)].ToArray().Select(c => tape[c].ToArray())];
            Array.Sort(texts, static (a, b) => a.AsSpan().SequenceCompareTo(b));
            for (int k = 0; k < texts.Length; k++)
                symbols += texts[k].Length - (k == 0 ? 0 : texts[k].AsSpan().CommonPrefixLength(texts[k - 1]));
        }

        return symbols;
    }
}

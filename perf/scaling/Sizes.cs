namespace PtaKernels.Scaling;

/// <summary>The sizes of the study, and of its quick form, which only shows that it works.</summary>
internal sealed record Sizes
{
    /// <summary>Target tokens of a document.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>The longest document that the plain backend aligns too, to check answers and beside the native one.</summary>
    public required int LongestPlain { get; init; }

    /// <summary>Documents or problems of a call.</summary>
    public required int[] Batches { get; init; }

    /// <summary>Target tokens of the documents of a batch.</summary>
    public required int BatchLength { get; init; }

    /// <summary>Candidates.</summary>
    public required int[] Candidates { get; init; }

    /// <summary>Target tokens that a document has where its length is not what is swept, and how many of them.</summary>
    public required (int Length, int Count) Documents { get; init; }

    /// <summary>Tokens of a vocabulary.</summary>
    public required int[] Vocabularies { get; init; }

    /// <summary>Tokens that are looked up, and rows of all pairs.</summary>
    public required int Queries { get; init; }

    /// <summary>Target tokens of a corpus.</summary>
    public required int[] Corpora { get; init; }

    /// <summary>How often each point is timed.</summary>
    public required int Rounds { get; init; }

    /// <summary>Seconds of a point in a round.</summary>
    public required double Slice { get; init; }

    public static Sizes Full { get; } = new()
    {
        Lengths = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384],
        LongestPlain = 2048,
        Batches = [1, 4, 16, 64, 256, 1024, 4096],
        BatchLength = 64,
        Candidates = [3, 5, 10, 20, 40, 64],
        Documents = (512, 16),
        Vocabularies = [1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, int.MaxValue],
        Queries = 2000,
        Corpora = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000],
        Rounds = 5,
        Slice = 0.15,
    };

    public static Sizes Quick { get; } = new()
    {
        Lengths = [32, 64, 128],
        LongestPlain = 64,
        Batches = [1, 4, 16],
        BatchLength = 32,
        Candidates = [3, 10],
        Documents = (64, 2),
        Vocabularies = [500, 2000],
        Queries = 50,
        Corpora = [500, 2000],
        Rounds = 2,
        Slice = 0.002,
    };
}

namespace PtaKernels.Cli.Verify.Random;

/// <summary>One kernel's random problems.</summary>
/// <param name="Name">What it is called in results; with hyphens, what is typed after <c>--kernel</c>.</param>
/// <param name="Few">Problems of a chunk on the emulator.</param>
/// <param name="Usual">Problems of a chunk on processor cores.</param>
/// <param name="Many">Problems of a chunk that fills a device.</param>
/// <param name="Draw">Draws about as many problems as wanted, at least one, and has them solved by the backend to compare with.</param>
/// <param name="OneIn">Of how many problems asked for one is drawn: long problems weigh as much as so many short ones.</param>
internal sealed record RandomKernel(string Name, int Few, int Usual, int Many, Func<System.Random, IKernelBackend, int, RandomChunk> Draw, int OneIn = 1)
{
    /// <summary>Every kernel of the contract.</summary>
    public static IReadOnlyList<RandomKernel> All { get; } =
    [
        new("edit distance", 600, 20_000, 1_000_000, TokenProblems.Matrices),
        new("edit distance blocks", 400, 4000, 500_000, TokenProblems.Blocks),
        new("embedding distance", 600, 20_000, 1_000_000, TokenProblems.Embeddings),
        new("nearest token", 60, 4000, 100_000, TokenProblems.Nearest),
        new("alignment path", 4, 500, 4000, PathProblems.Short),
        new("long alignment path", 1, 4, 128, PathProblems.Long, OneIn: 1000),
        new("official transport", 12, 500, 30_000, TransportProblems.Official),
        new("semi-relaxed transport", 12, 500, 30_000, TransportProblems.SemiRelaxed),
        new("balanced transport", 6, 500, 30_000, TransportProblems.Balanced),
        new("greenkhorn transport", 6, 500, 30_000, TransportProblems.Greenkhorn),
        new("unbalanced transport", 6, 500, 30_000, TransportProblems.Unbalanced),
        new("exact transport", 6, 500, 30_000, TransportProblems.Exact),
        new("reference document rows", 40, 1000, 20_000, DocumentProblems.Reference),
        new("paper document rows", 40, 1000, 20_000, DocumentProblems.Paper),
        new("fusion document rows", 40, 1000, 20_000, DocumentProblems.Fusion),
        new("embedding document rows", 40, 1000, 20_000, DocumentProblems.Embedding),
        new("other plan document rows", 40, 1000, 20_000, DocumentProblems.OtherPlans),
    ];

    /// <summary>The name as one word.</summary>
    public string Id => Name.Replace(' ', '-');

    /// <summary>A kernel by <see cref="Id"/>.</summary>
    /// <exception cref="ArgumentException">It is unknown.</exception>
    public static RandomKernel Named(string id) => All.FirstOrDefault(k => k.Id == id)
        ?? throw new ArgumentException($"kernel '{id}' is unknown; use {string.Join(", ", All.Select(static k => k.Id))}.");
}

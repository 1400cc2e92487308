namespace PtaKernels.CorpusBench;

/// <summary>One alignment of a corpus, as a command line.</summary>
/// <param name="Corpus">The corpus.</param>
/// <param name="Preset">The preset.</param>
/// <param name="Sources">Number of sources.</param>
/// <param name="Documents">The first so many documents.</param>
internal sealed record AlignWork(string Corpus, string Preset, int Sources, long Documents)
{
    /// <summary>Tokens after which a shard of the output ends; null for the usual number.</summary>
    public long? ShardTokens { get; init; }

    /// <summary>The backend; null for the best one.</summary>
    public string? Backend { get; init; }

    /// <summary>What <c>pta</c> is given.</summary>
    /// <param name="output">The output.</param>
    /// <param name="report">Where the run report goes; null for nowhere.</param>
    public string[] Arguments(string output, string? report = null)
    {
        string[] sources = CorpusTokenizers.Sources[..Sources];
        return
        [
            "align", "--preset", Preset, "--target", CorpusSinks.Existing(Corpus, CorpusTokenizers.Target), "--target-vocab", TokenizerOf(CorpusTokenizers.Target),
            .. sources.SelectMany(s => new[] { "--source", CorpusSinks.Existing(Corpus, s), "--source-vocab", TokenizerOf(s) }),
            "--limit", $"{Documents}", "--out", output,
            .. report is null ? Array.Empty<string>() : ["--report", report],
            .. ShardTokens is { } tokens && CorpusSinks.IsStore(Corpus) ? ["--shard-tokens", $"{tokens}"] : Array.Empty<string>(),
            .. Backend is { } backend ? ["--backend", backend] : Array.Empty<string>(),
        ];
    }

    /// <summary>The output of a name, of the corpus's form.</summary>
    public string OutputNamed(string name) => Path.Combine(Corpus, CorpusSinks.IsStore(Corpus) ? name : name + ".jsonl");

    /// <summary>Removes an output and what a stopped run left of it.</summary>
    public static void Remove(string output)
    {
        foreach (string path in new[] { output, output + ".partial", output + ".former" })
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
    }

    private string TokenizerOf(string name) => Path.Combine(Corpus, CorpusTokenizers.Folder, CorpusTokenizers.FileOf(name));
}

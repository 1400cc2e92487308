using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Where the documents of each model of a corpus are.</summary>
/// <param name="PathOf">By the model's name.</param>
/// <param name="Open">Opens them for writing.</param>
internal sealed record CorpusSinks(Func<string, string> PathOf, Func<string, TextEncoder, ITeacherSink> Open)
{
    private const string Lines = ".jsonl";

    /// <summary>Of a form of <c>make</c>.</summary>
    public static CorpusSinks Of(string corpus, string form)
    {
        Func<string, string> path = name => Path.Combine(corpus, form == "jsonl" ? name + Lines : name);
        return new CorpusSinks(path, (name, tokenizer) => form switch { "none" => new NoSink(), "jsonl" => new JsonLinesSink(path(name)), _ => new StoreSink(path(name), tokenizer.Vocabulary) });
    }

    /// <summary>A model's documents in a corpus that was made.</summary>
    /// <exception cref="AlignmentDataException">It has none of this model.</exception>
    public static string Existing(string corpus, string name)
    {
        string store = Path.Combine(corpus, name);
        return Directory.Exists(store) ? store : File.Exists(store + Lines) ? store + Lines
            : throw new AlignmentDataException($"{store}: there are no documents of {name}; make the corpus with `scripts/corpus-bench make`.");
    }

    /// <summary>Whether the corpus is of stores.</summary>
    public static bool IsStore(string corpus) => Directory.Exists(Path.Combine(corpus, CorpusTokenizers.Target));
}

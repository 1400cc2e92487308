using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Where the documents of each model of a corpus are.</summary>
/// <param name="PathOf">By the model's name.</param>
/// <param name="Open">Opens them for writing.</param>
internal sealed record CorpusSinks(Func<string, string> PathOf, Func<string, TextEncoder, ITeacherSink> Open)
{
    /// <summary>Of a form of <c>make</c>.</summary>
    public static CorpusSinks Of(string corpus, string form)
    {
        Func<string, string> path = name => Path.Combine(corpus, form == "jsonl" ? name + ".jsonl" : name);
        return new CorpusSinks(path, (name, _) => form == "none" ? new NoSink() : new JsonLinesSink(path(name)));
    }
}

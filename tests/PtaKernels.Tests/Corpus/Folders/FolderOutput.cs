using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>An output of a dataset folder, opened and filled as a run does it, document by document.</summary>
internal static class FolderOutput
{
    public static IDocumentWriter OpenOutput(this DatasetFolder folder, string path, bool replace, IReadOnlyList<IDocumentReader> sources, OutputUnit unit) => folder.OpenOutput(new OutputRequest
    {
        Path = path,
        Replace = replace,
        Sources = sources,
        Inputs = [folder, .. sources],
        Options = AlignmentPreset.Reference with { Output = unit },
        Target = SmallModel.Target.Vocabulary,
        SourceVocabularies = [.. sources.Select(static _ => SmallModel.Target.Vocabulary)],
    });

    public static void Write(this IDocumentWriter writer, IDocumentRecord record, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        IOutputBatch batch = writer.OpenBatch();
        batch.Add(new OutputDocument(record, target, sources, fused));
        batch.End(new OutputBatch("", 0, 1, [], new AlignmentRunReport(sources.Count)))();
    }
}

using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Pipeline;

namespace PtaKernels.Cli.Inspect;

/// <summary>One document as an HTML page: the viewer that <c>pta report</c> has for several.</summary>
internal static class DocumentPage
{
    /// <summary>Writes the page, replacing one that is there only when the new one is complete.</summary>
    public static void Write(string path, IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, string preset)
    {
        (TokenVocabulary source, TokenVocabulary target) = (vocabularies.Source, vocabularies.Target);
        ViewerDocument document = ViewerDocument.Of(
            backend, [new AlignmentSource(source.Name, vocabularies)], options, pair.Target, [pair.Source], $"Document {pair.Target.Id}, {source.Name} to {target.Name}, preset {preset}");
        AtomicFile.Write(path, ReportHtml.Of($"Document {pair.Target.Id}", [new ViewerBlock([document])]));
    }
}

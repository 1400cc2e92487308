using PtaKernels;
using PtaKernels.Alignment;
using PtaKernels.Backends;
using PtaKernels.Corpus;
using PtaKernels.Text;

TokenVocabulary source = VocabularyFile.Read("samples/vocab/gpt2.json.gz"), target = VocabularyFile.Read("samples/vocab/spA.json.gz");
AlignmentOptions options = AlignmentPreset.Fusion with { Mass = MassRule.Renormalised }; // these documents have no log-sum-exps
var aligner = new DocumentAligner(Backends.Open("auto"), [new AlignmentSource("gpt2", VocabularyPair.OfTokens(source, target))], options);
foreach ((TokenizedDocument theirs, TokenizedDocument ours) in DocumentFiles.Read("samples/gpt2.jsonl.gz").Zip(DocumentFiles.Read("samples/spA.jsonl.gz")).Take(5))
{
    AlignedDocument fused = aligner.Align(ours, [theirs]).Merged!;
    int taught = Enumerable.Range(0, fused.Rows).Count(row => fused[row].Transferred);
    string next = string.Join(", ", fused.IndicesOf(1).ToArray().Zip(fused.ValuesOf(1).ToArray(), (token, p) => $"{target.StringOf(token)} {p:F2}").Take(3));
    Console.WriteLine($"{fused.Id}: {theirs.Length} tokens taught {taught} of {ours.Length} positions; after {target.StringOf(ours.Ids[1])} comes {next}");
}

using PtaKernels.Corpus;
using PtaKernels.Rules;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <content>Token embeddings of a source and the target, for students whose costs compare them.</content>
public sealed partial class FuseRun
{
    /// <summary>Brings a source's embeddings and the target's into one space; null where no student that it teaches compares them.</summary>
    private StageRecord? Embed(FuseModel source)
    {
        if (!Students.Any(s => !s.IsControl && SemanticCosts.Reads(s.Options.Cost) && (s.Sources?.Contains(source.Name) ?? true)))
            return null;
        string path = EmbeddingsPath(source);
        string key = StageRecords.KeyOf(source.Key, Target.Key, _config.Embed, EmbeddingsFile.CurrentVersion);
        return _stages.Run($"embed {source.Name}", Tokens, key, [path], report =>
        {
            FittedEmbeddings fitted = new EmbeddingFit
            {
                SourceModel = source.Folder,
                Source = source.Encoder.Vocabulary,
                TargetModel = Target.Folder,
                Target = Target.Encoder.Vocabulary,
                Dimensions = _config.Embed.Dimensions,
                Notice = _progress.Notice,
            }.Run();
            using var file = new AtomicFile(path, replace: true);
            EmbeddingsFile.Write(file.Stream, fitted);
            file.Commit();
            report(source.Encoder.Vocabulary.Count + Target.Encoder.Vocabulary.Count, 1);
            return new EmbedOutcome(fitted.Header.Dimensions, fitted.Header.SharedTokens, fitted.Header.HeldOut);
        }, static done => FormattableString.Invariant(
            $"{done.Dimensions} dimensions from {done.SharedTokens} shared tokens, {100 * done.HeldOut.Precision:F1} % of those held out find their partner"));
    }

    /// <summary>What a student's costs compare; null where they compare texts.</summary>
    private TokenEmbeddings? EmbeddingsOf(Student student, FuseModel source) =>
        SemanticCosts.Reads(student.Options.Cost) ? EmbeddingsFile.Read(EmbeddingsPath(source), source.Encoder.Vocabulary, Target.Encoder.Vocabulary) : null;

    /// <summary>The key of an alignment, with its embeddings where it has such: others keep the key that they had before there were any.</summary>
    private static string WithEmbeddings(string key, Student student, IEnumerable<StageRecord?> taught) =>
        SemanticCosts.Reads(student.Options.Cost) ? StageRecords.KeyOf(key, taught.Select(static e => e?.Key)) : key;

    private string EmbeddingsPath(FuseModel source) => Made("embeddings", source.Name + ".safetensors");
}

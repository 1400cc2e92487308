using PtaKernels.Corpus;
using PtaKernels.Demo;
using PtaKernels.Pipeline;
using PtaKernels.Rules;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>Several models as one, without any training: between the byte boundaries that all of their tokenizations have, the mean of the probabilities that they give to the text there.</summary>
/// <param name="folder">For their captures.</param>
/// <param name="stages">Knows what is finished.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class Ensemble(string folder, StageRunner stages, IFuseProgress progress)
{
    /// <summary>Scores documents by it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="models">Name and checkpoint of each.</param>
    /// <param name="heldOut">JSON lines with a field <c>domain</c>.</param>
    /// <param name="cancellation">Stops.</param>
    public ModelScores Score(string name, IReadOnlyList<(string Name, string Model)> models, string heldOut, CancellationToken cancellation)
    {
        string scores = Path.Combine(folder, name + ".json");
        string text = StageRecords.Fingerprint(heldOut);
        string[] keys = [.. models.Select(m => Capture(m.Name, m.Model, heldOut, text, cancellation))];
        stages.Run($"ensemble {name}", "documents", StageRecords.KeyOf(text, keys), [scores], _ =>
        {
            TextDocument[] texts = [.. TextDocument.Read(heldOut, "domain")];
            (TokenVocabulary Vocabulary, TokenizedDocument[] Documents)[] captured = [.. models.Select(m => (TextEncoder.Load(m.Model).Vocabulary, DocumentFiles.Read(Path.Combine(folder, m.Name)).ToArray()))];
            ModelScores.Write(scores, [.. texts.Select((one, d) => ScoreOf(one, [.. captured.Select(c => NatsByBoundary(c.Documents[d], c.Vocabulary))]))]);
            return texts.Length;
        }, static documents => $"{documents} documents");
        return ModelScores.Read(scores);
    }

    /// <summary>A model's cross-entropies of the text, which several ensembles may ask for.</summary>
    private string Capture(string name, string model, string heldOut, string text, CancellationToken cancellation)
    {
        string rows = Path.Combine(folder, name), key = StageRecords.KeyOf(text, StageRecords.Fingerprint(model));
        stages.Run($"capture held-out {name}", "tokens", key, [rows], report => new CaptureRun
        {
            ModelPath = model,
            Encoder = TextEncoder.Load(model),
            InputPath = heldOut,
            OutputPath = rows,
            Replace = true,
            TopK = 1,
            Length = DemoSize.SequenceLength,
            Progress = report,
            Notice = progress.Notice,
        }.Run(cancellation).Tokens, static tokens => $"{tokens} tokens");
        return key;
    }

    /// <summary>Nats of a document where several models are asked piece by piece.</summary>
    /// <param name="models">By model: nats of the text up to each of its boundaries; the end of the sequence lies behind the text, at <see cref="int.MaxValue"/>.</param>
    internal static (double Nats, int Pieces) Nats(IReadOnlyList<SortedDictionary<int, double>> models)
    {
        double nats = 0;
        int pieces = 0;
        double[] before = new double[models.Count];
        foreach (int boundary in models[0].Keys.Where(b => models.All(m => m.ContainsKey(b))))
        {
            double mean = 0;
            for (int m = 0; m < before.Length; m++)
            {
                mean += Math.Exp(before[m] - models[m][boundary]) / before.Length;
                before[m] = models[m][boundary];
            }

            nats -= Math.Log(mean);
            pieces++;
        }

        return (nats, pieces);
    }

    private static DocumentScore ScoreOf(TextDocument text, SortedDictionary<int, double>[] models)
    {
        (double nats, int pieces) = Nats(models);
        return new DocumentScore(text.Id, text.Domain, nats, pieces, System.Text.Encoding.UTF8.GetByteCount(text.Text));
    }

    private static SortedDictionary<int, double> NatsByBoundary(TokenizedDocument document, TokenVocabulary vocabulary)
    {
        var spans = DocumentSpans.Of(document, vocabulary);
        var nats = new SortedDictionary<int, double>();
        double sum = 0;
        for (int t = 1; t < document.Length; t++)
        {
            sum += document.LabelCrossEntropy![t - 1];
            if (spans[t].End > spans[t].Start)
                nats[spans[t].End] = sum;
        }

        nats[int.MaxValue] = sum;
        return nats;
    }
}

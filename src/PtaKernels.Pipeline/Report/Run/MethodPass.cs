using PtaKernels.Alignment;
using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline;

/// <summary>A sample of documents, each with each source alone, through every method: so that differences are those of the alignment, and not of the choice between sources.</summary>
internal sealed class MethodPass
{
    private readonly RunInput _input;
    private readonly DocumentAligner[][] _aligners;

    public MethodPass(RunInput input, AlignmentMethod[] methods)
    {
        _input = input;
        Methods = methods;
        _aligners = [.. input.Sources.Select(source => methods.Select(m => new DocumentAligner(input.Backend, [source], m.Options with { MeasureSignal = true })).ToArray())];
        Refused = [.. methods.Select(static _ => new Refusals())];
    }

    /// <summary>The methods.</summary>
    public AlignmentMethod[] Methods { get; }

    /// <summary>[methods] documents that a method refuses.</summary>
    public Refusals[] Refused { get; }

    /// <summary>Documents looked at.</summary>
    public int Documents { get; private set; }

    /// <summary>Aligns the documents, one by one; each is given to whoever asks and is gone then.</summary>
    /// <param name="sample">The documents.</param>
    /// <param name="take">Receives each document with each source.</param>
    /// <param name="progress">Told the tokens done and the share of the work.</param>
    /// <param name="cancellation">Stops.</param>
    public void Run(DocumentSample sample, Action<MethodDocument> take, Action<long, double> progress, CancellationToken cancellation)
    {
        long tokens = 0;
        for (int d = 0; d < sample.Count; d++)
        {
            RunDocument document = StudentPass.DocumentOf(sample, d);
            Documents++;
            for (int s = 0; s < _input.Sources.Count; s++)
            {
                cancellation.ThrowIfCancellationRequested();
                VocabularyPair vocabularies = _input.Sources[s].Vocabularies;
                var pair = new DocumentPair(document.Sources[s], document.Target);
                AlignedDocument?[] rows = [.. Methods.Select((_, m) => Align(s, m, document))];
                if (Array.Exists(rows, static r => r is not null))
                    take(new MethodDocument(pair, vocabularies, Enum.GetValues<PairingRule>().ToDictionary(static rule => rule, rule => DocumentPairing.Of(_input.Backend, pair, vocabularies, rule)), rows));
            }

            tokens += document.Target.Length;
            progress(tokens, (d + 1.0) / sample.Count);
        }
    }

    private AlignedDocument? Align(int source, int method, RunDocument document)
    {
        try
        {
            FusedDocument fused = _aligners[source][method].Align(document.Target, [document.Sources[source]]);
            return fused.Merged ?? fused.PerSource[0];
        }
        catch (AlignmentDataException e)
        {
            Refused[method].Add(e.Message);
            return null;
        }
    }
}

/// <summary>Documents that a method refuses, with the first reason.</summary>
internal sealed class Refusals
{
    /// <summary>How many, each counted once per source.</summary>
    public int Count { get; private set; }

    /// <summary>The first reason; null where there is none.</summary>
    public string? Reason { get; private set; }

    public void Add(string reason)
    {
        Count++;
        Reason ??= reason;
    }
}

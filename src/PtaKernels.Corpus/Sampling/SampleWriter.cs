using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Apache.Arrow;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Sampling;

/// <summary>An aligned store that is encoded and hashed as on its way to the disk, and forgotten: what each document took, and the bytes of each column.</summary>
internal sealed class SampleWriter : IDocumentWriter
{
    private readonly OutputRequest _request;
    private readonly bool _details;
    private readonly ConcurrentBag<StoreEncoder> _encoders = [];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<SampledDocument> _documents = [];
    private StoreHeader? _header;
    private Schema? _schema;
    private long _mark;

    /// <summary>Takes a request.</summary>
    /// <param name="request">What the alignment asks.</param>
    /// <param name="details">Whether documents are looked at one by one, which takes time; the run then has one worker.</param>
    public SampleWriter(OutputRequest request, bool details) => (_request, _details) = (request, details);

    /// <summary>The documents in order, where details were asked for.</summary>
    public IReadOnlyList<SampledDocument> Documents => _documents;

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Columns => [.. _schema!.FieldsList.Select(static f => f.Name)];

    /// <summary>Target tokens encoded.</summary>
    public long Tokens { get; private set; }

    /// <summary>Documents that were set aside.</summary>
    public long Quarantined { get; private set; }

    /// <summary>Bytes of what every shard begins with.</summary>
    public int OpeningBytes => StoreEncoder.OpeningOf(_schema!).Length;

    /// <inheritdoc/>
    public bool KeepsQuarantine => true;

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<int> sourceOrder)
    {
        _header = AlignedStoreWriter.HeaderOf(_request, [""], sourceOrder);
        _schema = StoreColumns.SchemaOf(_header, []);
        _mark = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public IOutputBatch OpenBatch() => new Batch(this, _encoders.TryTake(out StoreEncoder? encoder) ? encoder : new StoreEncoder(new AlignedBatch(_header!), _schema!, _header!.Zstd));

    /// <inheritdoc/>
    public void Commit()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        while (_encoders.TryTake(out StoreEncoder? encoder))
            encoder.Dispose();
    }

    /// <summary>Bytes of each column's buffers.</summary>
    private static double[] SizesOf(ArrayData[] columns)
    {
        return [.. columns.Select(SizeOf)];

        static double SizeOf(ArrayData data) => data.Buffers.Sum(static b => (double)b.Length) + (data.Children?.Sum(SizeOf) ?? 0);
    }

    private sealed class Batch(SampleWriter writer, StoreEncoder encoder) : IOutputBatch
    {
        private readonly List<SampledDocument> _documents = [];
        private double[] _sizes = [];

        public void Add(OutputDocument document)
        {
            var columns = (AlignedBatch)encoder.Batch;
            if (!writer._details)
            {
                columns.Add(document);
                return;
            }

            if (_sizes.Length == 0)
                _sizes = SizesOf(columns.Build());
            columns.Add(document);
            double seconds = Stopwatch.GetElapsedTime(writer._mark).TotalSeconds;
            double[] sizes = SizesOf(columns.Build());
            _documents.Add(SampledDocument.Of(document, seconds) with { ColumnBytes = [.. sizes.Zip(_sizes, static (now, before) => now - before)] });
            _sizes = sizes;
            writer._mark = Stopwatch.GetTimestamp();
        }

        public Action End(OutputBatch batch)
        {
            encoder.Encode();
            writer._mark = Stopwatch.GetTimestamp();
            return () =>
            {
                writer._hash.AppendData(encoder.Bytes);
                writer.Tokens += encoder.Batch.Tokens;
                writer.Quarantined += batch.Quarantined.Count;
                // Alignment, padding and the message's own fields, or what compression saves, in proportion.
                double factor = encoder.Bytes.Length / Math.Max(1, _documents.Sum(static d => d.ColumnBytes.Sum()));
                writer._documents.AddRange(_documents.Select(d => d with { ColumnBytes = [.. d.ColumnBytes.Select(b => b * factor)] }));
                encoder.Clear();
                writer._encoders.Add(encoder);
            };
        }
    }
}

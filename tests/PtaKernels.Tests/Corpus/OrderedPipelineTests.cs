using PtaKernels.Corpus;

namespace PtaKernels.Tests.Corpus;

/// <summary>Items in order through several threads.</summary>
[CancelAfter(60_000)]
public sealed class OrderedPipelineTests
{
    [Test]
    public void ResultsComeInTheOrderOfTheItems([Values(1, 2, 7)] int workers)
    {
        List<int> written = [];
        OrderedPipeline.Run(Enumerable.Range(0, 500), Square, written.Add, workers, CancellationToken.None);
        Assert.That(written, Is.EqualTo(Enumerable.Range(0, 500).Select(static i => i * i)));
    }

    [Test]
    public void TheFirstFailureIsThrownAfterAllBeforeIt([Values(1, 2, 7)] int workers)
    {
        List<int> written = [];
        Assert.That(
            () => OrderedPipeline.Run(Enumerable.Range(0, 500), static i => i is 60 or 61 or 300 ? throw new InvalidDataException($"{i}") : Square(i), written.Add, workers, CancellationToken.None),
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("60"));
        Assert.That(written, Has.Count.EqualTo(60));
    }

    [Test]
    public void AFailureOfTheReaderComesInItsTurn()
    {
        List<int> written = [];
        Assert.That(() => OrderedPipeline.Run(Items(), Square, written.Add, 3, CancellationToken.None), Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("read"));
        Assert.That(written, Has.Count.EqualTo(40));

        static IEnumerable<int> Items()
        {
            for (int i = 0; i < 40; i++)
                yield return i;
            throw new InvalidDataException("read");
        }
    }

    [Test]
    public void AFailureOfTheWriterStopsTheOthers() =>
        Assert.That(() => OrderedPipeline.Run(Endless(), Square, static i => throw new IOException("full"), 3, CancellationToken.None), Throws.TypeOf<IOException>());

    [Test]
    public void NoMoreIsReadThanThereIsRoomFor()
    {
        int read = 0, most = 0, written = 0;
        OrderedPipeline.Run(Items(), Square, _ => most = Math.Max(most, Volatile.Read(ref read) - written++), 2, CancellationToken.None);
        Assert.That(most, Is.LessThan(20));

        IEnumerable<int> Items()
        {
            for (int i = 0; i < 2000; i++)
            {
                Interlocked.Increment(ref read);
                yield return i;
            }
        }
    }

    [Test]
    public void CancellationEndsIt()
    {
        using var cancellation = new CancellationTokenSource();
        int written = 0;
        Assert.That(
            () => OrderedPipeline.Run(Endless(), Square, _ =>
            {
                if (++written == 100)
                    cancellation.Cancel();
            }, 3, cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(written, Is.EqualTo(100));
    }

    private static int Square(int i) => i * i;

    private static IEnumerable<int> Endless()
    {
        for (int i = 0; ; i++)
            yield return i % 1000;
    }
}

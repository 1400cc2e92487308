using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace PtaKernels.Corpus;

/// <summary>Reads items in order, works on several at a time, and writes the results in the items' order; every queue is bounded.</summary>
internal static class OrderedPipeline
{
    /// <summary>Items per worker that may be read, worked on or wait to be written.</summary>
    private const int ItemsPerWorker = 3;

    /// <summary>Runs to the end of the items.</summary>
    /// <remarks>
    /// One thread reads, <paramref name="workers"/> work, the caller's writes. Of several failures the first in the items' order is thrown, after everything
    /// before it was written: the outcome does not depend on which thread was faster.
    /// </remarks>
    /// <param name="items">Enumerated by one thread.</param>
    /// <param name="work">Called for each item, by any thread.</param>
    /// <param name="write">Called for each result in order, by the calling thread.</param>
    /// <param name="workers">Threads that work; 0 = one for each core.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OperationCanceledException">Cancelled; items that were being worked on are lost.</exception>
    public static void Run<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, Action<TResult> write, int workers, CancellationToken cancellation)
    {
        workers = workers > 0 ? workers : Environment.ProcessorCount;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<Slot<TItem, TResult>> todo = Channel.CreateBounded<Slot<TItem, TResult>>(new BoundedChannelOptions(workers * ItemsPerWorker) { SingleWriter = true });
        Channel<Slot<TItem, TResult>> order = Channel.CreateBounded<Slot<TItem, TResult>>(new BoundedChannelOptions(workers * ItemsPerWorker) { SingleWriter = true, SingleReader = true });
        Task[] threads = [Start(Read), .. Enumerable.Range(0, workers).Select(_ => Start(Work))];
        try
        {
            while (Wait(order.Reader.WaitToReadAsync(stop.Token)))
            {
                while (order.Reader.TryRead(out Slot<TItem, TResult>? slot))
                {
                    write(slot.Take(stop.Token));
                    stop.Token.ThrowIfCancellationRequested();
                }
            }
        }
        finally
        {
            stop.Cancel();
            Task.WaitAll(threads, CancellationToken.None); // none of them throws
        }

        void Read()
        {
            Exception? failure = null;
            try
            {
                foreach (TItem item in items)
                {
                    var slot = new Slot<TItem, TResult>(item);
                    // First the place in the order: a slot that is worked on is always waited for.
                    Wait(order.Writer.WriteAsync(slot, stop.Token));
                    Wait(todo.Writer.WriteAsync(slot, stop.Token));
                }
            }
            catch (Exception e)
            {
                failure = e;
            }

            todo.Writer.Complete();
            if (failure is not null and not OperationCanceledException)
            {
                var slot = new Slot<TItem, TResult>(failure);
                try
                {
                    Wait(order.Writer.WriteAsync(slot, stop.Token));
                }
                catch (OperationCanceledException)
                {
                    // Someone else failed first.
                }
            }

            order.Writer.Complete();
        }

        void Work()
        {
            try
            {
                while (Wait(todo.Reader.WaitToReadAsync(stop.Token)))
                {
                    while (todo.Reader.TryRead(out Slot<TItem, TResult>? slot))
                    {
                        stop.Token.ThrowIfCancellationRequested();
                        slot.Run(work);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The writer says why.
            }
        }
    }

    private static Task Start(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static bool Wait(ValueTask<bool> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static void Wait(ValueTask task)
    {
        if (!task.IsCompletedSuccessfully)
            task.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>An item, and later its result or its failure.</summary>
    private sealed class Slot<TItem, TResult>
    {
        private readonly TaskCompletionSource<TResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TItem? _item;

        public Slot(TItem item) => _item = item;

        public Slot(Exception failure) => _result.SetException(failure);

        public void Run(Func<TItem, TResult> work)
        {
            try
            {
                _result.SetResult(work(_item!));
            }
            catch (Exception e)
            {
                _result.SetException(e);
            }
        }

        public TResult Take(CancellationToken cancellation)
        {
            try
            {
                _result.Task.Wait(cancellation);
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerException!);
            }

            return _result.Task.Result;
        }
    }
}
